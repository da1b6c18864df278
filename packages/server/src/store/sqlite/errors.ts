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
    super(`the database ${path} has schema version ${found}, this program knows versions up to ${known}`);
    this.path = path;
  }
}

/** The file is a SQLite database of some other program. */
export class ForeignDatabase extends Error {
  override readonly name = 'ForeignDatabase';
  readonly path: string;
  constructor(path: string) {
    super(`the database ${path} belongs to another program`);
    this.path = path;
  }
}
