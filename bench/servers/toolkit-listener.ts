/** Where every TCP server of the toolkit in the comparison listens: any port of this host, with room for all clients at once. */

import { IPEndPoint, Socket } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { listening } from './serving.ts';

export async function listen(): Promise<Socket> {
  const listener = new Socket(tcp());
  listener.bind(IPEndPoint.parse('127.0.0.1:0'));
  await listener.listen(4_096);
  listening((listener.localEndPoint as IPEndPoint).port);
  return listener;
}
