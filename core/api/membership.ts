/** What changes while somebody is a member: name and address, shares handed on, and the end of it. */
import { type Static, Type } from 'typebox';
import { TimeMs } from '../schema.ts';
import { MemberRequest } from './people.ts';

const closed = { additionalProperties: false } as const;
const { name, email } = MemberRequest.properties;

/** PATCH /members/:id: what is not named stays. */
export const MemberChange = Type.Object(
  { name: Type.Optional(name), email: Type.Optional(email) },
  {
    ...closed,
    minProperties: 1,
  },
);
export type MemberChange = Static<typeof MemberChange>;

/** POST /members/:id/leave; without a time it is now. */
export const LeaveRequest = Type.Object({ atMs: Type.Optional(TimeMs) }, closed);

/** POST /shares/transfers: from a member or from what is unsold (`community`), to either. */
export const ShareTransferRequest = Type.Object(
  {
    from: Type.String({ maxLength: 40 }),
    to: Type.String({ maxLength: 40 }),
    shares: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    /** For the register: sold, inherited, given back. */
    reason: Type.String({ minLength: 3, maxLength: 200 }),
  },
  closed,
);
export type ShareTransferRequest = Static<typeof ShareTransferRequest>;
