/** Rules of MQTT 3.1.1 that the parser under aedes lets pass; a packet that breaks one ends its connection. */

/** The fields looked at, whatever the kind of packet. */
type AnyPacket = {
  readonly cmd: string;
  readonly messageId?: number | undefined;
  readonly qos?: number;
  readonly dup?: boolean;
  readonly topic?: string;
  readonly clientId?: string;
  readonly username?: string;
  readonly will?: { readonly topic: string; readonly qos?: number } | undefined;
  readonly subscriptions?: readonly { readonly topic: string }[] | readonly string[];
  readonly unsubscriptions?: readonly string[];
};

/** The reason to end the connection, with its clause; null for a packet that is well. */
export function packetFault(packet: AnyPacket): string | null {
  if (textsOf(packet).some((text) => !isCleanText(text)))
    return 'text with NUL, control or invalid characters [MQTT-1.5.3]';
  const needsId =
    packet.cmd === 'subscribe' || packet.cmd === 'unsubscribe' || isAck(packet.cmd) || (packet.qos ?? 0) > 0;
  if (needsId && packet.cmd !== 'connect' && !packet.messageId) return 'a packet identifier of zero [MQTT-2.3.1-1]';
  if (packet.cmd === 'publish' && packet.dup && packet.qos === 0) return 'DUP with QoS 0 [MQTT-3.3.1-2]';
  if ((packet.will?.qos ?? 0) > 2) return 'a will of QoS 3 [MQTT-3.1.2-14]';
  if (packet.unsubscriptions?.length === 0) return 'an UNSUBSCRIBE without a filter [MQTT-3.10.3-2]';
  return null;
}

function isAck(cmd: string): boolean {
  return ['puback', 'pubrec', 'pubrel', 'pubcomp'].includes(cmd);
}

function textsOf(packet: AnyPacket): string[] {
  const filters = (packet.subscriptions ?? []).map((one) => (typeof one === 'string' ? one : one.topic));
  const { topic, clientId, username, will, unsubscriptions = [] } = packet;
  return [topic, clientId, username, will?.topic, ...filters, ...unsubscriptions].filter(
    (text) => typeof text === 'string',
  );
}

/** Invalid UTF-8 has become U+FFFD when it was decoded; control and non-characters MAY be refused and are. */
function isCleanText(text: string): boolean {
  return !/[\p{Cc}\p{Cs}\uFFFD\uFFFE\uFFFF]/u.test(text);
}
