/** One connection to the broker, or the reason in words why there is none; called off by the signal in any state. */
import { connect, type IClientOptions, type MqttClient } from 'mqtt';

/** MQTT 3.1.1, table 3.1: what a CONNACK can say. */
const CONNACK_WORDS: Readonly<Record<number, string>> = {
  1: 'the broker does not speak this version of MQTT',
  2: "the broker does not take this edge's id as a client id",
  3: 'the broker says that it is not available now',
  4: "the broker refused the log-in: this edge's id or secret is malformed",
  5: 'the broker refused the log-in: the secret is wrong, or this edge is not registered there, or switched off',
};
const CLOSED = 'the broker closed the connection before answering: its log, and the community’s alarms, say why';
/** How a peer that drops the connection shows, depending on what was on its way just then. */
const CLOSED_CODES: readonly unknown[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED'];

/** @throws Error whose message is the reason; at once when the signal is aborted. */
export function connectBroker(url: string, options: IClientOptions, signal: AbortSignal): Promise<MqttClient> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Error('the agent is ending'));
    const client = connect(url, options);
    // A client that was given up may still fail: nobody needs to hear of it.
    client.on('error', () => undefined);
    const settle = (finish: () => void) => {
      client.off('connect', succeed).off('error', onError).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const fail = (reason: string) =>
      settle(() => {
        client.end(true);
        // `end` waits for an orderly end where the other side says nothing any more.
        client.stream?.destroy();
        reject(new Error(reason));
      });
    const succeed = () => settle(() => resolve(client));
    const onError = (error: Error) => fail(wordsOf(error));
    const onClose = () => fail(CLOSED);
    const onAbort = () => fail('the agent is ending');
    client.once('connect', succeed).once('error', onError).once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function wordsOf(error: Error & { code?: unknown }): string {
  const { code } = error;
  if (typeof code === 'number' && code in CONNACK_WORDS) return `${CONNACK_WORDS[code]} (CONNACK ${code})`;
  if (CLOSED_CODES.includes(code)) return CLOSED;
  if (error.message === 'connack timeout') return 'the broker took the connection and never answered';
  return error.message || String(code ?? 'unknown');
}
