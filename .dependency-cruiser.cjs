// One way down: a folder of the server may import only from folders listed after it.
const layers = ['cli', 'service', 'config', 'dialects', 'http', 'app', 'engine', 'store', 'net', 'telemetry', 'domain'];
// These three share a level: none of them may import another.
const siblings = ['store', 'net', 'telemetry'];
const source = '^packages/server/src/';
const at = (layer) => (layer === 'service' ? `${source}(build-)?service\\.ts$` : `${source}${layer}/`);

const backward = layers.flatMap((layer, index) => {
  const above = layers.slice(0, index);
  const beside = siblings.includes(layer) ? siblings.filter((other) => other !== layer) : [];
  const forbidden = [...new Set([...above, ...beside])];
  if (forbidden.length === 0) return [];
  return [
    {
      name: `${layer}-imports-only-downward`,
      severity: 'error',
      from: { path: at(layer), pathNot: '\\.test\\.ts$' },
      to: { path: forbidden.map(at).join('|') },
    },
  ];
});

module.exports = {
  forbidden: [
    ...backward,
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphan',
      severity: 'error',
      from: { orphan: true, pathNot: '(\\.d\\.ts$|\\.test\\.ts$|/bin/|^scripts/|^bench/|^tests/|config\\.ts$)' },
      to: {},
    },
    {
      name: 'a-product-uses-what-any-dialect-can',
      severity: 'error',
      from: {
        path: `${source}dialects/([^/]+)/`,
        pathNot: [`${source}dialects/(operations|testing)/`, '\\.test\\.ts$', '/testing/'],
      },
      to: {
        dependencyTypesNot: ['core'],
        pathNot: [`${source}dialects/$1/`, `${source}dialects/public\\.ts$`, 'typebox', '^packages/signing/'],
      },
    },
    {
      name: 'signing-has-no-dependencies',
      severity: 'error',
      from: { path: '^packages/signing/src/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^(packages/signing/src/|node:|crypto$|buffer$)' },
    },
    {
      name: 'domain-does-no-io',
      severity: 'error',
      from: { path: `${source}domain/`, pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'default'] },
  },
};
