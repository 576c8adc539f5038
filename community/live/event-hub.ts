/** Live events for many viewers: each has one slot per thing, so a slow one gets the newest, never a growing queue. */
import type { LiveEventName } from '@commonworks/core/api/index.ts';

/** What changed: an event name and which one (`machine` and its id; empty where there is only one). */
export type Change = { readonly name: LiveEventName; readonly id: string };

/** Renders what this viewer may see of a change; null sends nothing. Called when it is sent, so always the newest. */
export type Render<Viewer> = (change: Change, viewer: Viewer) => Promise<unknown>;

/** Where a viewer's events go. `write` returns false when the line is full; `onDrain` is called when it is free again. */
export type EventSink = {
  write(text: string): boolean;
  onDrain(callback: () => void): void;
  close(): void;
};

type Subscriber<Viewer> = {
  readonly viewer: Viewer;
  readonly sink: EventSink;
  readonly pending: Map<string, Change>;
  isBlocked: boolean;
  isSending: boolean;
};

export const HUB_LIMITS = {
  viewersMax: 1000,
  /** Devices, machines, commands and alarms together; more changes than this at once drop the oldest. */
  pendingMax: 2000,
} as const;

export type EventHub<Viewer> = ReturnType<typeof createEventHub<Viewer>>;

export function createEventHub<Viewer>(options: { render: Render<Viewer>; onFault: (error: unknown) => void }) {
  const subscribers = new Set<Subscriber<Viewer>>();

  async function send(subscriber: Subscriber<Viewer>): Promise<void> {
    if (subscriber.isSending || subscriber.isBlocked) return;
    subscriber.isSending = true;
    try {
      while (!subscriber.isBlocked && subscribers.has(subscriber)) {
        const [entry] = subscriber.pending;
        if (entry === undefined) break;
        subscriber.pending.delete(entry[0]);
        const data = await options.render(entry[1], subscriber.viewer);
        if (data !== null && subscribers.has(subscriber)) write(subscriber, eventText(entry[1].name, data));
      }
    } catch (error) {
      options.onFault(error);
    } finally {
      subscriber.isSending = false;
    }
  }

  function write(subscriber: Subscriber<Viewer>, text: string): void {
    if (subscriber.sink.write(text)) return;
    subscriber.isBlocked = true;
    subscriber.sink.onDrain(() => {
      subscriber.isBlocked = false;
      void send(subscriber);
    });
  }

  return {
    /** Marks it for every viewer; sent with the next flush. */
    touch(name: LiveEventName, id = ''): void {
      for (const subscriber of subscribers) note(subscriber.pending, { name, id });
    },
    /** Sends what is marked, to everybody whose line is free. */
    flush(): void {
      for (const subscriber of subscribers) void send(subscriber);
    },
    /** A comment line keeps proxies from closing a silent connection. */
    heartbeat(): void {
      for (const subscriber of subscribers) {
        if (!subscriber.isBlocked && !subscriber.isSending) write(subscriber, ': still here\n\n');
      }
    },
    /** Null when there are too many viewers. The first changes are what the viewer begins with. */
    add(viewer: Viewer, sink: EventSink, first: readonly Change[]): (() => void) | null {
      if (subscribers.size >= HUB_LIMITS.viewersMax) return null;
      const subscriber = { viewer, sink, pending: new Map(), isBlocked: false, isSending: false };
      for (const change of first) note(subscriber.pending, change);
      subscribers.add(subscriber);
      void send(subscriber);
      return () => void subscribers.delete(subscriber);
    },
    /** Ends the lines of some viewers; those who may come back do so by themselves. */
    drop: (isMeant: (viewer: Viewer) => boolean): void => dropFrom(subscribers, isMeant),
    size: () => subscribers.size,
    close: (): void => dropFrom(subscribers, () => true),
  };
}

function dropFrom<Viewer>(subscribers: Set<Subscriber<Viewer>>, isMeant: (viewer: Viewer) => boolean): void {
  for (const subscriber of subscribers) {
    if (!isMeant(subscriber.viewer)) continue;
    subscribers.delete(subscriber);
    subscriber.sink.close();
  }
}

/** The newest change of a thing takes the place of an older one; of too many things the oldest is dropped. */
function note(pending: Map<string, Change>, change: Change): void {
  const key = `${change.name}/${change.id}`;
  const oldest = pending.keys().next().value;
  if (oldest !== undefined && pending.size >= HUB_LIMITS.pendingMax && !pending.has(key)) {
    pending.delete(oldest);
  }
  pending.set(key, change);
}

/** JSON has no line breaks, so one data line is enough. */
function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
