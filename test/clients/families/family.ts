/** What an application does with a family of commands, and what its client gives it. */
export interface Family<Client> {
  readonly name: string;
  /** On an empty database. */
  run(client: Client): Promise<unknown>;
  readonly gives: unknown;
}
