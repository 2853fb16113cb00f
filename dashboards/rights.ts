export const roles = ['admin', 'supervisor', 'duty', 'viewer', 'enterprise'] as const
export type Role = (typeof roles)[number]

/**
 * What a call asks for. `read`: registry, readings, alarms, rules, live feed, quarantine. `act`: actions on alarms.
 * `receive`: the enterprise's own word that it has an alarm of its own (企业已接警).
 * `declare`: windows in which nobody is called for named points. `install`: enterprises, sites, zones, devices and their
 * tokens. `tune`: rules. `tips`: what strangers have reported, in their own words. `govern`: people.
 */
export const rights = ['read', 'act', 'receive', 'declare', 'install', 'tune', 'tips', 'govern'] as const
export type Right = (typeof rights)[number]

/** Who may what. An `enterprise` person reads, and declares for, only what belongs to that enterprise, see `sees`. */
export const rightsOf: Record<Role, readonly Right[]> = {
  admin: ['read', 'act', 'declare', 'install', 'tune', 'tips', 'govern'],
  supervisor: ['read', 'act', 'declare', 'tune', 'tips'],
  duty: ['read', 'act', 'declare'],
  viewer: ['read'],
  enterprise: ['read', 'receive', 'declare'],
}

export const may = (role: Role, right: Right): boolean => rightsOf[role].includes(right)
