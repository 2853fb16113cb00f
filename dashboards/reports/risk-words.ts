import { levels } from '../../core/level.ts'
import { staticGradeNames, type Contribution, type RiskStep, type StaticGrade } from '../../core/risk.ts'
import { ageText } from '../web/format.ts'
import { said, t } from '../web/i18n/i18n.ts'

const gradeText = (grade: unknown): string =>
  typeof grade === 'string' ? said(staticGradeNames[grade as StaticGrade]) : t('reports.risk.ungraded')
const levelText = (level: unknown) => (typeof level === 'string' ? t(`level.${level}`) : '')

/** The numbers a contribution comes from, in words. */
export function factText({ name, facts }: Contribution): string {
  switch (name) {
    case 'grade':
      return gradeText(facts['grade'])
    case 'alarms':
      return levels
        .filter((level) => facts[level] !== undefined)
        .map((level) => `${levelText(level)} ${facts[level]}`)
        .join(', ')
    case 'further-alarms':
      return ''
    case 'unacknowledged':
      return `${levelText(facts['level'])} ${ageText(Number(facts['waitedMs']))}`
    case 'offline':
      return `${facts['offline']} / ${facts['devices']}`
    case 'bypassed':
      return `${facts['bypassed']} / ${facts['devices']}`
    case 'overdue-tasks':
      return facts['connected'] ? String(facts['overdue']) : t('reports.risk.tasksNotConnected')
    case 'worst-enterprise':
      return `${facts['id'] ?? ''} ${facts['index'] ?? ''} × ${facts['share']}`
    case 'mean-of-enterprises':
      return t('reports.risk.meanOf', {
        n: facts['enterprises'],
        mean: facts['mean'],
        unknown: facts['unknown'],
        share: facts['share'],
      })
  }
}

export function stepText({ do: what, facts }: RiskStep): string {
  return t(`reports.risk.step.${what}`, {
    n: facts['count'] ?? facts['devices'] ?? facts['tasks'] ?? '',
    level: levelText(facts['level']),
    id: facts['id'] ?? '',
    from: facts['from'] ?? '?',
    to: facts['to'] ?? '',
  })
}
