/** Builds the web app: plain files beside each other, so that a strict content security policy needs no exception. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // Inline data: URLs and the inline preload helper would both need exceptions in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
