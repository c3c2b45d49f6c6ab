import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  plugins: [
    svelte({
      configFile: false,
      onwarn(warning) {
        // A stage of role `application` takes keys, which the compiler does not know; axe-core judges the page itself.
        if (/^a11y_no_noninteractive_(?:tabindex|element_interactions)$/.test(warning.code)) return;
        // The compiler's warnings are about access and dead styles: mended, not read.
        throw new Error(`${warning.filename}:${warning.start?.line}: ${warning.message} (${warning.code})`);
      },
    }),
  ],
  build: {
    outDir: '../dist/studio',
    emptyOutDir: true,
    target: 'es2022',
    // The page's security policy takes nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
