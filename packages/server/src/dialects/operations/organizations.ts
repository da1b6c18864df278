import {
  type CreatedOrganization,
  type CreateOrganizationInput,
  createOrganization as create,
  listOrganizations as list,
  type PatchOrganizationInput,
  patchOrganization as patch,
  readOrganization as read,
} from '../../app/organizations.ts';
import type { OrganizationId } from '../../domain/ids.ts';
import type { Organization } from '../../domain/organization.ts';
import type { Page, PageRequest } from '../../store/port.ts';
import { type Operation, operation } from '../operation.ts';

/** Makes an organization with a ring of its own, or finds the one that has the `externalId`. */
export const createOrganization: Operation<CreateOrganizationInput, CreatedOrganization> = operation({
  name: 'createOrganization',
  scopes: ['operator'],
  idempotent: true,
  run: async ({ app, caller, idempotency }, input) => await create(app, caller, input, idempotency),
});

/** All of them for a caller with the scope `operator`, its own for any other. */
export const listOrganizations: Operation<{ readonly page: PageRequest }, Page<Organization>> = operation({
  name: 'listOrganizations',
  scopes: [],
  run: async ({ app, caller }, { page }) => await list(app, caller, page),
});

export const readOrganization: Operation<
  {
    /** That of the caller unless given; another one takes the scope `operator`. */
    readonly organizationId?: OrganizationId;
  },
  Organization
> = operation({
  name: 'readOrganization',
  scopes: [],
  run: async ({ app, caller }, { organizationId = caller.organizationId }) => await read(app, caller, organizationId),
});

/** Changes what is named. */
export const updateOrganization: Operation<
  {
    readonly organizationId?: OrganizationId;
    readonly change: PatchOrganizationInput;
    /** The version that the caller saw; any unless given. */
    readonly expectedVersion?: number | null;
  },
  Organization
> = operation({
  name: 'updateOrganization',
  scopes: ['organization:admin'],
  run: async ({ app, caller }, { organizationId = caller.organizationId, change, expectedVersion = null }) =>
    await patch(app, caller, organizationId, change, expectedVersion),
});
