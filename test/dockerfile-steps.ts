/** Carries out a Dockerfile's steps in an empty folder: where no container engine is, its lines are still proven. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

export type Step = { readonly word: string; readonly rest: string };

/** Known and without effect here: they concern the running container. */
const DECLARATIONS = new Set(['USER', 'VOLUME', 'ENTRYPOINT', 'CMD']);

export function parseDockerfile(text: string): Step[] {
  return text
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ word: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1).trim() }));
}

type Stage = { readonly root: string; readonly env: Record<string, string>; dir: string };

/** Each stage gets a folder below `into`; resolves with the last one's folder. */
export function carryOut(steps: readonly Step[], options: { context: string; into: string }): string {
  const stages = new Map<string, Stage>();
  let stage: Stage | null = null;
  for (const step of steps) {
    if (step.word === 'FROM') {
      const name = / AS (\S+)$/.exec(step.rest)?.[1] ?? `stage-${stages.size}`;
      stage = { root: join(options.into, name), env: {}, dir: '/' };
      mkdirSync(stage.root, { recursive: true });
      stages.set(name, stage);
    } else if (stage === null) throw new Error(`${step.word} before FROM`);
    else apply(step, stage, { stages, context: options.context });
  }
  if (stage === null) throw new Error('no stage');
  return stage.root;
}

function apply({ word, rest }: Step, stage: Stage, from: { stages: Map<string, Stage>; context: string }): void {
  if (DECLARATIONS.has(word)) return;
  if (word === 'WORKDIR') {
    stage.dir = rest;
    mkdirSync(join(stage.root, rest), { recursive: true });
  } else if (word === 'ENV') {
    const [name = '', value = ''] = rest.split('=');
    stage.env[name] = value;
  } else if (word === 'COPY') {
    copy(rest, stage, from);
  } else if (word === 'RUN') {
    run(rest, stage);
  } else {
    throw new Error(`this runner does not know ${word}`);
  }
}

function run(command: string, { root, dir, env }: Stage): void {
  const mapped = command.replaceAll(/(^| )\//g, `$1${root}/`);
  const result = spawnSync('sh', ['-c', mapped], {
    cwd: join(root, dir),
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 50_000_000,
  });
  if (result.status !== 0) throw new Error(`RUN ${command}: ${result.status}\n${result.stdout}\n${result.stderr}`);
}

function copy(rest: string, stage: Stage, { stages, context }: { stages: Map<string, Stage>; context: string }): void {
  const words = rest.split(/\s+/);
  const source = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = paths.pop() ?? '';
  const base = source === undefined ? context : (stages.get(source)?.root ?? '');
  const isIgnored = source === undefined ? ignoreRules(context) : () => false;
  const into = join(stage.root, target.startsWith('/') ? target : join(stage.dir, target));
  for (const path of paths) {
    const from = join(base, path);
    const isFolder = statSync(from).isDirectory();
    const to = isFolder || !(target.endsWith('/') || paths.length > 1) ? into : join(into, basename(path));
    cpSync(from, to, { recursive: true, filter: (file) => !isIgnored(file), verbatimSymlinks: true });
  }
}

// The patterns we use: a name at the root, a name anywhere (`**/name`), and a star within a name.
function ignoreRules(context: string): (file: string) => boolean {
  const patterns = readFileSync(join(context, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const isAnywhere = line.startsWith('**/');
      const name = line.replace('**/', '').replaceAll('.', '\\.').replaceAll('*', '[^/]*');
      return new RegExp(`${isAnywhere ? '(^|/)' : '^'}${name}(/|$)`);
    });
  return (file) => patterns.some((pattern) => pattern.test(file.slice(context.length + 1)));
}

/** What the context would send, at the top level: for a look at what the image holds. */
export function topLevel(folder: string): string[] {
  return readdirSync(folder).sort();
}
