/** Files of a test, in a folder of their own, and the descriptors that are open to them. */

import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class FewFiles {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'proactor-packets-'));

  write(name: string, bytes: Uint8Array): string {
    const path = this.path(name);
    writeFileSync(path, bytes);
    return path;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Open descriptors to them; none where the platform does not tell. */
  get open(): string[] {
    if (!existsSync('/proc/self/fd')) return [];
    return readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        const path = readlinkSync(`/proc/self/fd/${fd}`);
        return path.startsWith(this.folder) ? [path] : [];
      } catch {
        return []; // that of readdir itself
      }
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
