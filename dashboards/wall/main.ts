import { createApp } from 'vue'
import { i18n } from '../web/i18n/i18n.ts'
import '../web/theme.css'
import { screen } from '../web/screen.ts'
import Wall from './Wall.vue'
import { wallSettings } from './wall-settings.ts'

screen.wall = wallSettings.value.wall
createApp(Wall).use(i18n).mount('#app')
