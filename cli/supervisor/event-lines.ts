/** Turns the processes' log lines into one short line per notable event. */
import type { ProcessLine } from './child-process.ts';

const LEVEL_INFO = 30;
const LEVEL_WARN = 40;
const LEVEL_ERROR = 50;

/**
 * Null for what is not worth a line: ready messages (the banner says them), anything below info, and below an error while
 * all is being stopped. What others wrote must not steer the terminal.
 */
export function eventLine(line: ProcessLine, { isStopping = false } = {}): string | null {
  return lineOf(line, isStopping ? LEVEL_ERROR : LEVEL_INFO)?.replace(/\p{Cc}+/gu, ' ') ?? null;
}

function lineOf(line: ProcessLine, levelMin: number): string | null {
  const { fields } = line;
  const message = fields['msg'];
  if (typeof message !== 'string') return `${label(line.process)} ${line.text}`;
  const level = typeof fields['level'] === 'number' ? fields['level'] : LEVEL_INFO;
  if (message === 'ready' || level < levelMin) return null;
  const mark = level >= LEVEL_ERROR ? 'error: ' : level >= LEVEL_WARN ? 'warning: ' : '';
  const code = typeof fields['code'] === 'string' && fields['code'] !== '' ? ` (${fields['code']})` : '';
  return `${label(line.process)} ${mark}${message}${subject(fields)}${code}`;
}

/** What the message is about, where the process says it beside the words. */
function subject(fields: Readonly<Record<string, unknown>>): string {
  const parts = ['device', 'month', 'reason']
    .map((name) => fields[name])
    .filter((part) => typeof part === 'string' && part !== '');
  return parts.length > 0 ? `: ${parts.join(', ')}` : '';
}

function label(name: string): string {
  return `[${name}]`.padEnd(16);
}
