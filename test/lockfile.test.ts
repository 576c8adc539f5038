/** package-lock.json must serve every machine: npm leaves out what its registry did not have, and `npm ci` then refuses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

type LockedPackage = {
  version?: string;
  optionalDependencies?: Record<string, string>;
  resolved?: string;
  link?: boolean;
};

const lock = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};

it('names every optional package of every platform, and no registry', () => {
  const { packages } = lock;
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(path, name)),
  );
  expect(missing).toEqual([]);
  const fromHosts = Object.values(packages).filter(({ link, resolved }) => link !== true && resolved !== undefined);
  expect(fromHosts).toEqual([]);

  function isLocked(path: string, name: string): boolean {
    for (let base = path; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
      if (packages[`${base === '' ? '' : `${base}/`}node_modules/${name}`] !== undefined) return true;
      if (base === '' || !base.includes('/node_modules/')) return packages[`node_modules/${name}`] !== undefined;
    }
  }
});
