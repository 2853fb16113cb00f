import type { BaseClass } from './base-data.ts'

/** Grey is the ground; colour is for what needs acting (ux rule 1). */
export type MapTheme = 'wall' | 'night' | 'light'
type Colours = Record<BaseClass, string> & { ground: string; text: string; halo: string; edge: string }

export const baseColours: Record<MapTheme, Colours> = {
  wall: {
    ground: '#202327',
    district: '#4a5058',
    green: '#25292a',
    built: '#262a2e',
    works: '#2a2e33',
    water: '#171b20',
    waterway: '#171b20',
    building: '#33383e',
    minor: '#343a40',
    middle: '#3e444b',
    major: '#4a5159',
    rail: '#4a5159',
    place: '#a7adb4',
    text: '#969da5',
    halo: '#202327',
    edge: '#30353b',
  },
  night: {
    ground: '#111316',
    district: '#31363c',
    green: '#141718',
    built: '#15181b',
    works: '#181b1f',
    water: '#0b0d10',
    waterway: '#0b0d10',
    building: '#1e2226',
    minor: '#1f2327',
    middle: '#262b30',
    major: '#2e343a',
    rail: '#2e343a',
    place: '#8a9097',
    text: '#7c838b',
    halo: '#111316',
    edge: '#1c2024',
  },
  light: {
    ground: '#eef0f1',
    district: '#8b929a',
    green: '#e4e8e5',
    built: '#e8eaeb',
    works: '#e2e4e6',
    water: '#d3dae0',
    waterway: '#d3dae0',
    building: '#d6d9dc',
    minor: '#ffffff',
    middle: '#ffffff',
    major: '#ffffff',
    rail: '#b4bac0',
    place: '#4a5058',
    text: '#5b636b',
    halo: '#f6f7f8',
    edge: '#c4c9ce',
  },
}

/** Widths of lines in metres and the least in pixels. */
export const lineWidths: Partial<Record<BaseClass, { metres: number; least: number }>> = {
  minor: { metres: 6, least: 0.6 },
  middle: { metres: 11, least: 1.1 },
  major: { metres: 18, least: 1.8 },
  rail: { metres: 4, least: 1 },
  waterway: { metres: 12, least: 1.2 },
  district: { metres: 4, least: 1.5 },
}
export const isArea = (one: BaseClass): boolean => ['green', 'built', 'works', 'water', 'building'].includes(one)
