// A WebSocket without a network: whoever made it is given what `answer` says to its messages, and the
// benchmark hands it the rest. So each client runs its whole real path, from the socket to the handler.
export function fakeSocketClass(answer) {
  return class FakeSocket extends EventTarget {
    static latest;
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;
    readyState = 0;
    binaryType = 'arraybuffer';
    protocol = '';
    bufferedAmount = 0;
    onopen = null;
    onmessage = null;
    onclose = null;
    onerror = null;

    constructor() {
      super();
      FakeSocket.latest = this;
      queueMicrotask(() => {
        this.readyState = 1;
        this.onopen?.({});
        for (const data of answer(undefined) ?? []) this.deliver(data);
      });
    }
    send(data) {
      const answers = answer(data) ?? [];
      queueMicrotask(() => answers.forEach((each) => this.deliver(each)));
    }
    deliver(data) {
      this.onmessage?.({ data });
    }
    close() {
      this.readyState = 3;
      this.onclose?.({ code: 1000, reason: '' });
    }
  };
}
