/** Another process, or another store of this process, owns the file. */
export class StoreInUse extends Error {
  override readonly name = 'StoreInUse';
  readonly path: string;
  constructor(path: string) {
    super(`the database ${path} is in use: only one process can own it`);
    this.path = path;
  }
}

/** The file was written by a newer version of the program, whose tables this one does not know. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
  readonly path: string;
  constructor(path: string, found: number, known: number) {
    super(
      `the database ${path} has schema version ${found}, which a newer release wrote; this one knows versions up to ` +
        `${known} and left it alone. Start the newer release, or restore a backup from before the upgrade (docs/backup.md)`,
    );
    this.path = path;
  }
}

/** The file is a SQLite database of some other program. */
export class ForeignDatabase extends Error {
  override readonly name = 'ForeignDatabase';
  readonly path: string;
  constructor(path: string) {
    super(
      `the database ${path} belongs to another program and was left alone: give HOOKRING_DATABASE_URL another path`,
    );
    this.path = path;
  }
}

/** What is there is no database any more, or not a whole one. */
export class DamagedDatabase extends Error {
  override readonly name = 'DamagedDatabase';
  readonly path: string;
  constructor(path: string, cause: Error) {
    super(`the database ${path} is damaged (${cause.message}): restore a backup of it (docs/backup.md)`, { cause });
    this.path = path;
  }
}

/** A change of the tables did not work. It was taken back, so the release before can still use the file. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed';
  readonly path: string;
  constructor(path: string, from: number, cause: Error) {
    super(
      `the database ${path} could not be brought from schema version ${from} to ${from + 1} (${cause.message}); it is ` +
        `as it was, and the release that wrote it can use it`,
      { cause },
    );
    this.path = path;
  }
}
