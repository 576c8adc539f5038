/** The offices somebody may hold beside being a member. */
import type { Role } from '@commonworks/core/api/index.ts';
import { text } from '../text/text.ts';

export const OFFICES = ['operator', 'treasurer', 'admin'] as const satisfies Role[];

export type OfficesProps = {
  readonly chosen: readonly Role[];
  readonly choose: (roles: readonly Role[]) => void;
  /** A heading above says already what these are. */
  readonly isHeaded?: boolean;
};

export function Offices({ chosen, choose, isHeaded = false }: OfficesProps) {
  return (
    <fieldset>
      <legend class={isHeaded ? 'only-read' : 'small soft'}>{text.people.roles}</legend>
      {OFFICES.map((role) => (
        <label key={role} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(role)}
            onChange={(event) => {
              const others = chosen.filter((each) => each !== role);
              choose(event.currentTarget.checked ? [...others, role] : others);
            }}
          />
          {text.people.role[role]}
        </label>
      ))}
    </fieldset>
  );
}
