/** House rules as a test: direction of imports, purity of core, file and function length, banned words, docs that match the code. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { errorsPage } from '../cli/docs/errors-page.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 60;

/** Which folders a folder may import besides itself. What is not listed (cli, test, bench) starts and tests everything. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  clock: ['core'],
  store: ['core'],
  'firmware-bridge': ['core', 'clock'],
  edge: ['core', 'clock', 'store', 'firmware-bridge'],
  telemetry: ['core', 'clock', 'store'],
  broker: ['core', 'clock', 'store', 'telemetry'],
  community: ['core', 'clock', 'store'],
  dashboard: ['core'],
  flows: ['core', 'clock'],
  demo: ['core', 'clock'],
};

/** The only packages core may use: pure, no I/O. */
const CORE_LIBRARIES = ['typebox', 'typebox/value', 'typebox/format', 'temporal-polyfill'];
const BANNED_FILE_NAMES = /(^|\/)(utils?|helpers?|common|manager|misc)\.(ts|tsx)$/;
const TRACKED = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));
const SOURCES = TRACKED.filter((file) => /\.(ts|tsx|mts)$/.test(file) && !file.endsWith('.d.ts'));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

function importsOf(file: string): string[] {
  return [
    ...read(file).matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'"\n;]*?(?:\{[^}]*\}[^'"\n;]*?)?from\s+['"]([^'"]+)['"]|import\(['"]([^'"]+)['"]\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g,
    ),
  ].flatMap((match) => match[1] ?? match[2] ?? match[3] ?? []);
}

/** The folder an import leads to, or null for a package from outside. */
function folderOf(file: string, specifier: string): string | null {
  if (specifier.startsWith('@commonworks/')) return specifier.split('/')[1] ?? null;
  if (!specifier.startsWith('.')) return null;
  return normalize(join(dirname(file), specifier)).split('/')[0] ?? null;
}

describe('tidy', () => {
  it('keeps imports in one direction', () => {
    const wrong = SOURCES.filter((file) => !file.endsWith('.test.ts')).flatMap((file) => {
      const folder = file.split('/')[0] ?? '';
      const allowed = MAY_IMPORT[folder];
      if (allowed === undefined) return [];
      return importsOf(file)
        .map((specifier) => folderOf(file, specifier))
        .filter((target) => target !== null && target !== folder && !allowed.includes(target))
        .map((target) => `${file} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('keeps core pure: no node modules, no clock, no packages but the listed', () => {
    const files = SOURCES.filter((file) => file.startsWith('core/') && !file.endsWith('.test.ts'));
    const impure = files.flatMap((file) => {
      const packages = importsOf(file).filter((name) => !name.startsWith('.') && !CORE_LIBRARIES.includes(name));
      const clocks = /\bDate\.now\(|new Date\(\)|Math\.random\(|performance\.now\(/.test(read(file))
        ? ['reads a clock or chance']
        : [];
      return [...packages, ...clocks].map((what) => `${file}: ${what}`);
    });
    expect(impure).toEqual([]);
  });

  it('keeps every source file within the limit of lines and opening with what it is', () => {
    const wrong = SOURCES.flatMap((file) => {
      const lines = read(file).split('\n');
      const first = lines[0]?.startsWith('#!') ? lines[1] : lines[0];
      return [
        ...(lines.length > FILE_LINES_MAX ? [`${file} has ${lines.length} lines`] : []),
        ...(first?.startsWith('/**') || file.endsWith('.test.ts') || file.endsWith('.d.ts')
          ? []
          : [`${file} does not open with its idea`]),
      ];
    });
    expect(wrong).toEqual([]);
  });

  it('keeps functions within the limit of lines', () => {
    const wrong = SOURCES.filter((file) => !file.endsWith('.test.ts') && !file.endsWith('.test.tsx')).flatMap((file) =>
      longFunctions(read(file)).map((found) => `${file}: ${found}`),
    );
    expect(wrong).toEqual([]);
  });

  it('names no attic files', () => {
    expect(TRACKED.filter((file) => BANNED_FILE_NAMES.test(file))).toEqual([]);
  });

  it('uses nothing that Node cannot strip and nothing that hides a type', () => {
    const wrong = SOURCES.flatMap((file) => {
      const text = read(file);
      return [/^\s*(export )?(const )?enum \w/m, /\bas any\b/, /@ts-(ignore|nocheck)/, /\b(TODO|FIXME)\b/]
        .filter((pattern) => file !== 'test/tidy.test.ts' && pattern.test(text))
        .map((pattern) => `${file}: ${pattern.source}`);
    });
    expect(wrong).toEqual([]);
  });

  it('describes every error code in docs/errors.md', () => {
    expect(read('docs/errors.md')).toBe(errorsPage());
  });

  it('links only to files that exist', () => {
    const pages = TRACKED.filter((file) => file.endsWith('.md'));
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
        .map((match) => normalize(join(dirname(page), match[1] ?? '')))
        .filter((target) => !existsSync(join(ROOT, target)))
        .map((target) => `${page} links to ${target}`),
    );
    expect(broken).toEqual([]);
  });
});

/** Functions by their indentation: Biome formats every file, so a body ends at the first line indented as its head. */
function longFunctions(text: string): string[] {
  const lines = text.split('\n');
  const found: string[] = [];
  lines.forEach((line, index) => {
    const head =
      /^(\s*)(?:export )?(?:default )?(?:async )?(?:function\*?\s+(\w+)|(?:const|let) (\w+) = (?:async )?\([^=]*=>\s*\{$)/.exec(
        line,
      );
    if (head === null) return;
    const end = lines.findIndex((other, at) => at > index && other.startsWith(`${head[1] ?? ''}}`));
    if (end - index > FUNCTION_LINES_MAX) found.push(`${head[2] ?? head[3]} has ${end - index} lines`);
  });
  return found;
}
