/** An error meant for the user: the command line prints its message as one line and exits with `exitCode`. */
export class UserError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.name = new.target.name;
    this.exitCode = exitCode;
  }
}

/** Wrong use of the command line: exit code 2. */
export class UsageError extends UserError {
  constructor(message: string) {
    super(message, 2);
  }
}

/** An image or a resource was refused: exit code 3. */
export class RefusedError extends UserError {
  constructor(message: string) {
    super(message, 3);
  }
}
