/**
 * `column = value`, where the value stands in a row of the batch, in a form that can only be looked up in an index.
 *
 * The planner may turn a plain comparison around: go through the whole table, and look for each of its rows in the batch.
 * For a table that was empty when somebody looked that seems as cheap, and the plan is used for as long as the connection
 * lives.
 */
export function lookUp(column: string, value: string): string {
  return `${column} = ANY (ARRAY[${value}])`;
}
