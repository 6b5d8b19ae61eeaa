// .NET's own SocketAsyncEventArgs: the echo server of the class's documentation, looping where completions come at once.
// Prints `listening on 127.0.0.1:PORT`; ends with its input. DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 runs handlers on the thread that polls.

using System.Net;
using System.Net.Sockets;

int bufferSize = args.Length > 0 ? int.Parse(args[0]) : 4096;
if (args.Length > 1 && args[1] == "datagrams")
{
    EchoDatagrams();
    return;
}

var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
listener.Listen(4096);
Console.WriteLine($"listening on 127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}");

var accept = new SocketAsyncEventArgs();
accept.Completed += (_, e) => AcceptAll(e);
AcceptAll(null);
while (Console.In.ReadLine() != null) { }

void AcceptAll(SocketAsyncEventArgs? completed)
{
    for (;;)
    {
        if (completed?.AcceptSocket is { } socket) Welcome(socket);
        accept.AcceptSocket = null;
        if (listener.AcceptAsync(accept)) return;
        completed = accept;
    }
}

void Welcome(Socket socket)
{
    socket.NoDelay = true;
    var e = new SocketAsyncEventArgs { UserToken = socket };
    e.SetBuffer(GC.AllocateUninitializedArray<byte>(bufferSize, pinned: true), 0, bufferSize);
    e.Completed += (_, done) => GoOn(done);
    if (!socket.ReceiveAsync(e)) GoOn(e);
}

void GoOn(SocketAsyncEventArgs e)
{
    var socket = (Socket)e.UserToken!;
    while (e.SocketError == SocketError.Success)
    {
        if (e.LastOperation == SocketAsyncOperation.Receive)
        {
            if (e.BytesTransferred == 0) break;
            e.SetBuffer(0, e.BytesTransferred);
            if (socket.SendAsync(e)) return;
        }
        else
        {
            e.SetBuffer(0, bufferSize);
            if (socket.ReceiveAsync(e)) return;
        }
    }
    socket.Close();
    e.Dispose();
}

void EchoDatagrams()
{
    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
    socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    Console.WriteLine($"listening on 127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}");
    var e = new SocketAsyncEventArgs { RemoteEndPoint = new IPEndPoint(IPAddress.Any, 0) };
    e.SetBuffer(GC.AllocateUninitializedArray<byte>(bufferSize, pinned: true), 0, bufferSize);
    e.Completed += (_, _) => Echo();
    Echo();
    while (Console.In.ReadLine() != null) { }

    void Echo()
    {
        for (;;)
        {
            if (e.LastOperation == SocketAsyncOperation.ReceiveFrom && e.BytesTransferred > 0)
            {
                e.SetBuffer(0, e.BytesTransferred);
                if (socket.SendToAsync(e)) return;
            }
            else
            {
                e.SetBuffer(0, bufferSize);
                if (socket.ReceiveFromAsync(e)) return;
            }
        }
    }
}
