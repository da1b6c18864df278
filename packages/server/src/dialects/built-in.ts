import { agentmessage } from './agentmessage/agentmessage.ts';
import type { Dialect } from './dialect.ts';
import { dinie } from './dinie/dinie.ts';
import { moonborn } from './moonborn/moonborn.ts';
import { signup } from './signup/signup.ts';

/** The products whose APIs come with the server, beside its own. */
export const BUILT_IN_DIALECTS: readonly Dialect[] = [moonborn, agentmessage, signup, dinie];

/** The same with the operator's own: one of the same name takes the place of the one that comes with the server. */
export function withOwnDialects(own: readonly Dialect[]): readonly Dialect[] {
  const names = new Set(own.map(({ name }) => name));
  return [...BUILT_IN_DIALECTS.filter(({ name }) => !names.has(name)), ...own];
}
