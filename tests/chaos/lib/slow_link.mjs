// A link that carries so many bytes per second towards the client, and any number the other way.
// What it has not carried yet it does not take, so the relay's socket fills up.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const stepMs = 100;

export class SlowLink {
  static async to(port, bytesPerSecond) {
    const link = new SlowLink(port, bytesPerSecond);
    link.server.listen(0, '127.0.0.1');
    await once(link.server, 'listening');
    return link;
  }

  constructor(port, bytesPerSecond) {
    this.sockets = new Set();
    this.carried = 0;
    this.bytesPerStep = Math.ceil((bytesPerSecond * stepMs) / 1000);
    this.server = createServer({ noDelay: true }, (client) => {
      const relay = connect({ port, host: '127.0.0.1', noDelay: true });
      for (const socket of [client, relay]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.sockets.delete(socket);
          client.destroy();
          relay.destroy();
        });
      }
      client.pipe(relay);
      this.carry(relay, client);
    });
  }

  get port() {
    return this.server.address().port;
  }

  carry(from, to) {
    let waiting = Buffer.alloc(0);
    from.on('data', (chunk) => {
      waiting = Buffer.concat([waiting, chunk]);
      from.pause();
    });
    const timer = setInterval(() => {
      const now = waiting.subarray(0, this.bytesPerStep);
      waiting = waiting.subarray(now.length);
      this.carried += now.length;
      if (now.length > 0) to.write(now);
      if (waiting.length === 0) from.resume();
    }, stepMs);
    from.on('close', () => clearInterval(timer));
  }

  async close() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
