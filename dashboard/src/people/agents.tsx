/** The agents that may connect; a new one gets a secret that is shown once. */
import type { Edge } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import type { Enrolled } from '../api/api.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Badge } from '../ui/badge.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { TextField } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';

export function Agents({ edges, onChanged }: { edges: readonly Edge[]; onChanged: () => void }) {
  const { api } = useApp();
  const [name, setName] = useState('');
  const [enrolled, setEnrolled] = useState<Enrolled>();
  const { isBusy, error, run } = useAction();
  const enrol = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      setEnrolled(await api.enrol(name.trim()));
      setName('');
      onChanged();
    });
  };
  return (
    <section class="card">
      <h2>{text.people.agents}</h2>
      {edges.length === 0 && <p class="soft">{text.people.noAgents}</p>}
      <ul class="links">
        {edges.map((edge) => (
          <AgentRow key={edge.id} edge={edge} onChanged={onChanged} />
        ))}
      </ul>
      {enrolled !== undefined && <SecretPanel enrolled={enrolled} />}
      <form class="stack" onSubmit={enrol}>
        <TextField label={text.people.agentName} value={name} change={setName} input={{ maxLength: 120 }} />
        <Refusal error={error} />
        <button type="submit" class="button" disabled={isBusy}>
          {text.people.enrol}
        </button>
      </form>
    </section>
  );
}

/** Locked out it keeps what it measures; let in again it brings it. */
function AgentRow({ edge: { id, name, isEnabled }, onChanged }: { edge: Edge; onChanged: () => void }) {
  const { api, announce } = useApp();
  const { isBusy, error, run } = useAction();
  const change = () =>
    run(async () => {
      await (isEnabled ? api.revokeEdge(id) : api.enableEdge(id));
      announce(isEnabled ? text.membership.lockedOut(name) : text.membership.letInAgain(name));
      onChanged();
    });
  const word = isEnabled ? text.membership.lockOut : text.membership.letIn;
  return (
    <li class="agent">
      <div>
        <div class="row">
          <span class="strong">{name}</span>
          <Badge
            hue={isEnabled ? 'battery' : 'neutral'}
            icon={isEnabled ? 'check' : 'cross'}
            word={isEnabled ? text.people.enabled : text.people.revoked}
            isQuiet
          />
        </div>
        <p class="small soft mono">{id}</p>
      </div>
      <button type="button" class="button" disabled={isBusy} onClick={change} aria-label={`${word}: ${name}`}>
        {word}
      </button>
      <Refusal error={error} />
    </li>
  );
}

function SecretPanel({ enrolled }: { enrolled: Enrolled }) {
  const { edge, secret, community } = enrolled;
  const facts = [
    [text.people.communityId, community],
    [text.people.agentId, edge.id],
    [text.people.secret, secret],
  ] as const;
  return (
    <section class="link-out" aria-label={text.people.secretTitle(edge.name)}>
      <h3>{text.people.secretTitle(edge.name)}</h3>
      <p class="small">{text.people.secretHelp}</p>
      <dl class="stack is-tight">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt class="small soft">{label}</dt>
            <dd class="mono">{value}</dd>
          </div>
        ))}
      </dl>
      <div>
        <CopyButton value={secret} />
      </div>
    </section>
  );
}
