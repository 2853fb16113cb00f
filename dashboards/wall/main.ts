import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import { screen } from '../web/screen.ts'
import Wall from './Wall.vue'
import type { useReplay } from './use-replay.ts'
import { wallSettings } from './wall-settings.ts'

screen.wall = wallSettings.value.wall
const show = (replayWith: typeof useReplay | null) => createApp(Wall, { replayWith }).use(i18n).mount('#app')
// What walls of the present never need comes only with the past.
if (new URLSearchParams(location.search).has('at')) void import('./use-replay.ts').then(({ useReplay }) => show(useReplay))
else show(null)
