/** Turns the processes' log lines into one short line per notable event; a failure also says why, and what to do. */
import type { ProcessLine } from './child-process.ts';

const CAUSE_MAX = 300;
const LEVEL_INFO = 30;
const LEVEL_WARN = 40;
const LEVEL_ERROR = 50;
/** Pino's levels, for processes that write their names. */
const LEVELS: Readonly<Record<string, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };

/**
 * Null for what is not worth a line: ready messages (the banner says them), anything below info, and below an error while
 * all is being stopped. What others wrote must not steer the terminal.
 */
export function eventLine(line: ProcessLine, { isStopping = false } = {}): string | null {
  const [text, remedy] = lineOf(line, isStopping ? LEVEL_ERROR : LEVEL_INFO) ?? [];
  if (text === undefined) return null;
  return [text, ...(remedy === undefined ? [] : [`${' '.repeat(17)}${remedy}`])].map(plain).join('\n');
}

function plain(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

/** The event's line, and the remedy of a failure. */
function lineOf(line: ProcessLine, levelMin: number): readonly [string, string?] | null {
  const { fields } = line;
  const message = fields['msg'];
  if (typeof message !== 'string') return [`${label(line.process)} ${line.text}`];
  const level = levelOf(fields['level']);
  if (message === 'ready' || level < levelMin) return null;
  const mark = level >= LEVEL_ERROR ? 'error: ' : level >= LEVEL_WARN ? 'warning: ' : '';
  const code = typeof fields['code'] === 'string' && fields['code'] !== '' ? ` (${fields['code']})` : '';
  const text = `${label(line.process)} ${mark}${message}${subject(fields)}${level < LEVEL_ERROR ? '' : cause(fields['err'])}${code}`;
  const { remedy } = fields;
  return level >= LEVEL_ERROR && typeof remedy === 'string' ? [text, remedy] : [text];
}

/** What the message is about, where the process says it beside the words. */
function subject(fields: Readonly<Record<string, unknown>>): string {
  const parts = ['device', 'month', 'reason']
    .map((name) => fields[name])
    .filter((part) => typeof part === 'string' && part !== '');
  return parts.length > 0 ? `: ${parts.join(', ')}` : '';
}

function levelOf(level: unknown): number {
  return (typeof level === 'number' ? level : LEVELS[String(level)]) ?? LEVEL_INFO;
}

/** An error as text, or as pino writes one. */
function cause(err: unknown): string {
  const text = typeof err === 'object' && err !== null ? (err as { message?: unknown }).message : err;
  return typeof text === 'string' ? `: ${text.replace(/^\w*Error: /, '').slice(0, CAUSE_MAX)}` : '';
}

function label(name: string): string {
  return `[${name}]`.padEnd(16);
}
