// Alerts as they come. EventSource cannot show a key, so the stream is read by hand.
import { ApiError, send } from "../api/client";

const RetryMs = 2_000;

/** Until it is stopped: tells of each alert, and whether the stream is open. What came while it was not is told when it is again. */
export function followAlerts(onAlert: () => void, onLive: (isLive: boolean) => void): () => void {
  const gone = new AbortController();
  let last: string | undefined;
  let reader: ReadableStreamDefaultReader<string> | undefined;

  const read = async () => {
    const answer = await send("v1/fraud/alerts/stream", { query: { after: last }, signal: gone.signal });
    reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    onLive(true);
    let rest = "";
    for (let piece = await reader.read(); !piece.done && !gone.signal.aborted; piece = await reader.read()) {
      const lines = (rest + piece.value).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.startsWith("id: ")) last = line.slice(4);
        if (line.startsWith("data: ")) onAlert();
      }
    }
  };

  const follow = async () => {
    while (!gone.signal.aborted) {
      try {
        await read();
      } catch (e) {
        if (e instanceof ApiError && e.status === 400) last = undefined; // the numbers are another installation's
        else if (e instanceof ApiError && (e.isMissing || e.status === 401 || e.status === 403)) return; // asking again would not help
      }
      onLive(false);
      if (!gone.signal.aborted) await new Promise((again) => setTimeout(again, RetryMs));
    }
  };
  void follow();
  return () => {
    gone.abort();
    void reader?.cancel().catch(() => undefined);
  };
}
