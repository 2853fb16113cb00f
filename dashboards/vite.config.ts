import vue from '@vitejs/plugin-vue'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { phoneFiles } from './phone-files.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const pages = [
  'wall',
  'desk',
  'admin',
  'map',
  'reports',
  'rules',
  'windows',
  'hazards',
  'tip',
  'duty',
  'people-page',
  'pair',
  'enterprise',
  'start',
  'login',
]

/** `vite build dashboards`: one page per folder into dist/, nothing inline, nothing from another host. */
export default defineConfig({
  root: here('.'),
  plugins: [vue(), phoneFiles()],
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    // The stated floor; public/assets/floor-1.js tells older ones what they lack.
    target: ['chrome94', 'edge94', 'firefox102', 'safari16'],
    outDir: here('../dist'),
    emptyOutDir: true,
    // The map's WebGL engine is one library and loaded only where a map is; budgets of its own are tested.
    chunkSizeWarningLimit: 2_000,
    assetsInlineLimit: 0,
    // The polyfill would be an inline script in some builds; every browser this is for has modulepreload.
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        ...Object.fromEntries(pages.map((page) => [page, here(`./${page}/index.html`)])),
        m: here('./phone/index.html'),
        'service-worker': here('./phone/service-worker.ts'),
      },
      // The browser asks for it under this very name again and again: that is how it learns of another build.
      output: { entryFileNames: ({ name }) => (name === 'service-worker' ? 'phone/sw.js' : 'assets/[name]-[hash].js') },
      checks: { pluginTimings: false },
    },
  },
})
