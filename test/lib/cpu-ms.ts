/**
 * Milliseconds of processor time that this process spends while `run` runs: what other processes of
 * a busy machine take is not in it.
 */
export function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
