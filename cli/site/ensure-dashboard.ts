/** Builds the web app once when it was not built yet. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CodedError } from '@commonworks/core';

const DASHBOARD = fileURLToPath(new URL('../../dashboard/', import.meta.url));

/** @throws CodedError `site.dashboard-missing` when it is not built and the build tool is not installed. */
export async function ensureDashboard(): Promise<void> {
  if (existsSync(`${DASHBOARD}dist/index.html`)) return;
  try {
    const { build } = await import('vite');
    await build({ root: DASHBOARD, logLevel: 'warn' });
  } catch (cause) {
    throw new CodedError('site.dashboard-missing', 'the web app is not built', { cause });
  }
}
