/** The database was used by a newer version of the program, whose tables this one does not know. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
  constructor(where: string, found: number, known: number) {
    super(
      `the database ${where} has schema version ${found}, which a newer release wrote; this one knows versions up to ` +
        `${known} and left it alone. Start the newer release, or restore a backup from before the upgrade`,
    );
  }
}

/** The schema holds tables of some other program. */
export class ForeignDatabase extends Error {
  override readonly name = 'ForeignDatabase';
  constructor(where: string, table: string) {
    super(
      `the database ${where} holds tables of another program (${table}) and was left alone: give HOOKRING_DATABASE_URL ` +
        'a database of its own',
    );
  }
}

/** A change of the tables did not work. It was taken back, so the release before can still use the database. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed';
  constructor(where: string, from: number, cause: Error) {
    super(
      `the database ${where} could not be brought from schema version ${from} to ${from + 1} (${cause.message}); it is ` +
        `as it was, and the release that wrote it can use it`,
      { cause },
    );
  }
}

/** A server that cannot keep what this program writes. */
export class UnsuitableServer extends Error {
  override readonly name = 'UnsuitableServer';
  constructor(where: string, why: string) {
    super(`the database ${where} cannot be used: ${why}`);
  }
}
