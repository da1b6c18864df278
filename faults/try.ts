import { measure } from './measure.ts';
import { MATRIX } from './matrix.ts';
const [names, store] = process.argv.slice(2);
for (const f of MATRIX.filter((f) => names === 'all' || names!.split(',').includes(f.name)))
  if (f.stores.includes(store as 'sqlite')) console.log(await measure(f, { store: store as 'sqlite', onStep: (s) => console.error(f.name, s) }).catch((e) => e));
