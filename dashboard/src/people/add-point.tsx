/** A new metering point: the place, what it does, whose it is. */
import type { Member, MeteringRole } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';
import { wholeNumber, wholeNumberInput } from './whole-number.ts';

const ROLES = ['consumer', 'producer', 'storage', 'grid', 'workshop'] as const satisfies MeteringRole[];

export function AddPoint({ members, onAdded }: { members: readonly Member[]; onAdded: () => void }) {
  const { api } = useApp();
  const [name, setName] = useState('');
  const [role, setRole] = useState<MeteringRole>('consumer');
  const [member, setMember] = useState('');
  const [rated, setRated] = useState('');
  const { isBusy, error, run } = useAction();
  const add = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      const ratedPowerW = wholeNumber(rated);
      await api.addPoint({ name: name.trim(), role, member: member === '' ? null : member, ratedPowerW });
      setName('');
      onAdded();
    });
  };
  return (
    <form class="stack" onSubmit={add}>
      <TextField label={text.people.pointName} value={name} change={setName} input={{ maxLength: 120 }} />
      <Choice
        label={text.people.does}
        value={role}
        options={ROLES.map((each) => [each, text.people.pointRole[each]])}
        choose={(next) => setRole(ROLES.find((each) => each === next) ?? 'consumer')}
      />
      <Choice
        label={text.people.owner}
        value={member}
        options={[['', text.people.ownerNone], ...members.map((each) => [each.id, each.name] as const)]}
        choose={setMember}
      />
      <TextField
        label={text.people.ratedPower}
        value={rated}
        change={setRated}
        input={wholeNumberInput({ min: 1, max: 9 })}
      />
      <Refusal error={error} />
      <button type="submit" class="button is-main" disabled={isBusy}>
        {text.people.addPoint}
      </button>
    </form>
  );
}
