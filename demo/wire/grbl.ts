/** The mill's controller: GRBL 1.1 over TCP. It reports what the world makes it do, and acknowledges what it is sent. */
import type { Socket } from 'node:net';
import type { World } from '../world/world.ts';
import type { Faults } from './faults.ts';
import { listen, type Wire } from './modbus-server.ts';

export const GRBL_DEVICE = 'cnc-1';
const BANNER = "\r\nGrbl 1.1h ['$' for help]\r\n";
/** GRBL's own line buffer is 80 characters; what is longer overflows. */
const LINE_MAX = 80;

export type GrblOptions = {
  readonly faults: Faults;
  /** Before a status report: a running world comes up to the present. */
  readonly sync: () => void;
};

export async function serveGrbl(
  world: World,
  options: GrblOptions,
  address: { host: string; port: number },
): Promise<Wire> {
  return listen((socket) => session(socket, world, options), address);
}

function session(socket: Socket, world: World, options: GrblOptions): void {
  let line = '';
  socket.setEncoding('latin1');
  socket.write(BANNER);
  socket.on('data', (text: string) => {
    for (const char of text) {
      // Real-time commands are taken out of the stream at once, in the middle of a line too (GRBL interface.md).
      if (char === '?') report(socket, world, options);
      else if (char === '\x18') {
        line = '';
        send(socket, BANNER);
      } else if (char === '\n' || char === '\r') {
        if (line.length > 0) send(socket, answer(line));
        line = '';
      } else if (char !== '!' && char !== '~' && line.length <= LINE_MAX) line += char;
    }
  });
}

function report(socket: Socket, world: World, { faults, sync }: GrblOptions): void {
  sync();
  const fault = faults.take(GRBL_DEVICE);
  const text = statusReport(world);
  if (fault === null || fault.kind === 'wrong-crc') send(socket, text);
  else if (fault.kind === 'truncated') send(socket, text.slice(0, text.length / 2));
  else if (fault.kind === 'late') setTimeout(() => send(socket, text), fault.delayMs).unref();
  else if (fault.kind === 'exception') send(socket, 'ALARM:1\r\n');
  else if (fault.kind === 'glitch') send(socket, '<R#n|MP~s:\r\n');
}

/** `error:2` a value is missing after `$`, `error:11` the line is too long (GRBL's error codes). */
function answer(line: string): string {
  if (line.length > LINE_MAX) return 'error:11\r\n';
  if (line === '$I') return '[VER:1.1h.20190830:Sonnenhof]\r\n[OPT:V,15,128]\r\nok\r\n';
  if (line === '$G') return '[GC:G0 G54 G17 G21 G90 G94 M5 M9 T0 F0 S0]\r\nok\r\n';
  if (line === '$') return '[HLP:$$ $# $G $I $N $x=val $Nx=line $J=line $SLP $C $X $H ~ ! ? ctrl-x]\r\nok\r\n';
  return 'ok\r\n';
}

/** A spiral of pockets, so that the position moves while it runs and stands still while it holds. */
export function statusReport(world: World): string {
  const { phase } = world.machine('cnc-1');
  if (phase === null) return '<Idle|MPos:0.000,0.000,20.000|FS:0,0>\r\n';
  const runS = (world.nowMs() - phase.fromMs) / 1000;
  const turn = phase.kind === 'hold' ? 1 : runS / 4;
  const radius = 20 + ((turn * 1.7) % 60);
  const x = (100 + radius * Math.cos(turn)).toFixed(3);
  const y = (80 + radius * Math.sin(turn)).toFixed(3);
  if (phase.kind === 'hold') return `<Hold:0|MPos:${x},${y},12.000|FS:0,0>\r\n`;
  return `<Run|MPos:${x},${y},-${(1 + (turn % 6)).toFixed(3)}|FS:900,12000>\r\n`;
}

function send(socket: Socket, text: string): void {
  if (socket.writable) socket.write(text, 'latin1');
}
