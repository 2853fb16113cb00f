export const roles = ['admin', 'supervisor', 'duty', 'viewer', 'enterprise'] as const
export type Role = (typeof roles)[number]

/**
 * What a call asks for. `read`: registry, readings, alarms, rules, live feed, quarantine. `act`: actions on alarms.
 * `install`: enterprises, sites, zones, devices and their tokens. `tune`: rules. `govern`: people.
 */
export const rights = ['read', 'act', 'install', 'tune', 'govern'] as const
export type Right = (typeof rights)[number]

/** Who may what. An `enterprise` person reads only what belongs to that enterprise, see `sees`. */
export const rightsOf: Record<Role, readonly Right[]> = {
  admin: ['read', 'act', 'install', 'tune', 'govern'],
  supervisor: ['read', 'act', 'tune'],
  duty: ['read', 'act'],
  viewer: ['read'],
  enterprise: ['read'],
}

export const may = (role: Role, right: Right): boolean => rightsOf[role].includes(right)
