/** Why the media element gave up: it does not tell what the server answered, so the server is asked. */
import type { Source } from "./engine.ts";
import { type FaultCode, elementFault, networkFault } from "./faults.ts";

/** Return the status of a response that was thrown; 0 where nothing answered. */
export const statusOf = (thrown: unknown): number => (thrown instanceof Response ? thrown.status : 0);

/** Name the fault behind an element's error code; null where there is none. */
export async function faultOfElement(code: number, hasStarted: boolean, source: Source): Promise<FaultCode | null> {
  const fault = elementFault(code, hasStarted, navigator.onLine);
  if (fault !== "ask") return fault;
  try {
    const answer = await fetch(source.url, { cache: "no-store", signal: AbortSignal.timeout(5_000) });
    void answer.body?.cancel();
    return answer.ok ? "LS-D1" : networkFault(answer.status, "", navigator.onLine, source.isArchive);
  } catch {
    return networkFault(0, "", navigator.onLine, source.isArchive);
  }
}
