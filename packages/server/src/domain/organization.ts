import type { OrganizationId } from './ids.ts';
import type { RotationPolicy } from './rotation-policy.ts';

/** The tenant; owns endpoints, events, keys and one keyring of its own. */
export type Organization = {
  readonly id: OrganizationId;
  readonly externalId: string | null;
  readonly name: string;
  /** Bounds rotations of the organization's own ring. */
  readonly rotationPolicy: RotationPolicy;
  /** Grows with every change of this row. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

export const DEFAULT_ORGANIZATION_EXTERNAL_ID = 'default';
