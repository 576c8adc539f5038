/** Rows of the register. */
import type { AllocationMethod, MeteringRole, ShareBy, StorageOrigin } from '@commonworks/core/api/index.ts';
import type { Generated } from 'kysely';

export type RegisterTables = {
  member: {
    community: string;
    id: string;
    name: string;
    email: string | null;
    /** JSON array of roles. */
    roles: string;
    joined_ms: number;
    left_ms: number | null;
  };
  /** Holders are member ids, `community` (unsold shares) and `issue` (where shares come from). */
  share_transfer: {
    no: Generated<number>;
    community: string;
    from_holder: string;
    to_holder: string;
    shares: number;
    at_ms: number;
    reason: string;
  };
  edge: { community: string; id: string; name: string; secret_hash: string; enabled: Generated<0 | 1> };
  metering_point: {
    no: Generated<number>;
    community: string;
    id: string;
    name: string;
    role: MeteringRole;
    member: string | null;
    rated_power_w: number | null;
  };
  assignment: {
    no: Generated<number>;
    point_no: number;
    edge: string;
    device: string;
    from_ms: number;
    to_ms: number | null;
    register_modulus_wh: number | null;
  };
  tariff: {
    community: string;
    id: string;
    from_ms: number;
    method: AllocationMethod;
    internal_price: string;
    grid_price: string;
    feed_in_price: string;
    share_by: Generated<ShareBy>;
    storage_origin: Generated<StorageOrigin>;
  };
  machine: {
    community: string;
    id: string;
    name: string;
    kind: 'laser' | 'cnc' | 'printer' | 'other';
    activity_edge: string;
    activity_device: string;
    meter_edge: string | null;
    meter_device: string | null;
    relay_edge: string | null;
    relay_device: string | null;
    price_per_hour: string;
  };
  badge: {
    badge: string;
    community: string;
    member: string;
    revoked_ms: number | null;
    /** Counts from then on; null (a seed's) as long as it is there. */
    registered_ms: Generated<number | null>;
    last_shown_ms: Generated<number | null>;
  };
};
