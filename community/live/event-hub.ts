/** Live events for many viewers: each has one slot per thing, so a slow one gets the newest, never a growing queue. */
import type { LiveEventName } from '@commonworks/core/api/index.ts';
import { PendingChanges } from './pending-changes.ts';

/**
 * What changed: an event name and which one (`machine` and its id; empty where there is only one), and from which edge it
 * came, where an edge alone can bring as many as it likes.
 */
export type Change = { readonly name: LiveEventName; readonly id: string; readonly from?: string };

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
  readonly pending: PendingChanges;
  isBlocked: boolean;
  isSending: boolean;
};

export const HUB_LIMITS = {
  viewersMax: 1000,
  /** Devices, machines, commands and alarms together; of more changes than this at once those of which there are most lose the oldest. */
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
        const change = subscriber.pending.take();
        if (change === undefined) break;
        const data = await options.render(change, subscriber.viewer);
        if (data !== null && subscribers.has(subscriber)) write(subscriber, eventText(change.name, data));
      }
    } catch (error) {
      options.onFault(error);
    } finally {
      subscriber.isSending = false;
    }
  }

  const write = (subscriber: Subscriber<Viewer>, text: string) =>
    writeTo(subscriber, text, () => void send(subscriber));

  return {
    /** Marks it for every viewer; sent with the next flush. `from`: the edge that told it. */
    touch(name: LiveEventName, id = '', from = ''): void {
      for (const { pending } of subscribers) pending.note({ name, id, from });
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
      const subscriber = {
        viewer,
        sink,
        pending: new PendingChanges(HUB_LIMITS.pendingMax),
        isBlocked: false,
        isSending: false,
      };
      for (const change of first) subscriber.pending.note(change);
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

/** `again` is called when a line that is full now is free. */
function writeTo<Viewer>(subscriber: Subscriber<Viewer>, text: string, again: () => void): void {
  if (subscriber.sink.write(text)) return;
  subscriber.isBlocked = true;
  subscriber.sink.onDrain(() => {
    subscriber.isBlocked = false;
    again();
  });
}

function dropFrom<Viewer>(subscribers: Set<Subscriber<Viewer>>, isMeant: (viewer: Viewer) => boolean): void {
  for (const subscriber of subscribers) {
    if (!isMeant(subscriber.viewer)) continue;
    subscribers.delete(subscriber);
    subscriber.sink.close();
  }
}

/** JSON has no line breaks, so one data line is enough. */
function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
