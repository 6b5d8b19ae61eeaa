using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Vectors;

/// <summary>Runs one scenario once. What a verb means stands in ../FORMAT.md; this is its executable form.</summary>
sealed partial class Interpreter(JsonObject scenario) : IDisposable
{
    const int Patience = 10_000;               // for what must happen
    const int LastLook = 50;                   // quiet time after the last step, to catch a late event

    static readonly AsyncLocal<string?> Context = new();

    readonly World world = new();
    readonly bool byOutcome = (string?)scenario["compare"] == "outcome";
    bool contextUsed;

    /// <summary>What every step saw (null where a step observes nothing), then what the end saw.</summary>
    public List<JsonNode?> Run()
    {
        Context.Value = null;
        var saw = new List<JsonNode?>();
        var steps = scenario["steps"]!.AsArray();
        for (var i = 0; i < steps.Count; i++)
        {
            try
            {
                saw.Add(Do(new Step(steps[i]!.AsObject())));
            }
            catch (Exception x)
            {
                throw new ScenarioError($"{scenario["id"]}, step {i + 1}: {(x is ScenarioError ? x.Message : x)}");
            }
        }
        Thread.Sleep(LastLook);
        var totals = new JsonObject();
        foreach (var args in world.AllArgs)
            totals[args.Name] = args.Total;
        saw.Add(new JsonObject { ["events"] = totals });
        return saw;
    }

    public void Dispose() => world.Dispose();

    JsonNode? Do(Step s)
    {
        var saw = s.Do switch
        {
            "pair" => Pair(s),
            "listener" => Listener(s),
            "socket" => Setup(() => world.Add(s.Text("as"), World.NewSocket(s.Text("kind")))),
            "dial" => Dial(s),
            "take" => Setup(() => world.Add(s.Text("as"), world[s.Text("on")].Accept())),
            "deadPort" => Setup(() => world.DeadPort(s.Text("as"))),
            "bytes" => Setup(() => world.AddBytes(s.Text("as"), world.Bytes(s.Text("of")))),
            "list" => Setup(() => world.AddList(s.Text("as"), s.Node("of"))),
            "editList" => EditList(s),
            "file" => Setup(() => File.WriteAllBytes(world.FilePath(s.Text("as")), world.Bytes(s.Text("of")))),
            "elements" => Setup(() => world.AddElements(s.Text("as"), s.Node("of"))),
            "editElements" => Setup(() => world.Elements(s.Text("of"))[s.Int("index")] = world.ParseElement(s.Node("to"))),
            "args" => NewArgs(s),
            "context" => Setup(() => (contextUsed, Context.Value) = (true, s.TextOrNull("value"))),

            "bind" => Try(() => world[s.Text("on")].Bind(world.EndPoint(s.Text("to"))), () => world.LearnPort(s.Text("on"), world[s.Text("on")])),
            "listen" => Try(() => world[s.Text("on")].Listen(s.Int("backlog", 10))),
            "option" => Option(s),
            "shutdown" => Try(() => world[s.Text("on")].Shutdown(Enum.Parse<SocketShutdown>(s.Text("how")))),
            "close" => Close(s),
            "look" => Look(s),
            "wait" => Wait(s),
            "connectNow" => Try(() => world[s.Text("on")].Connect(world.EndPoint(s.Text("to")))),

            "setBuffer" => SetBuffer(s),
            "set" => Set(s),
            "get" => Get(s),
            "show" => Render.Bytes(world.Bytes(s.Text("bytes"))),
            "element" => Element(s),
            "position" => world.Stream(s.Text("stream")).Position,
            "dispose" => Try(world.Args(s.Text("args")).Dispose),
            "on" => Setup(() => AddHandler(s)),
            "off" => Setup(() => world.Args(s.Text("args")).Completed -= handlers[s.Text("args") + "/" + s.Text("handler")]),
            "cancelConnect" => Try(() => Socket.CancelConnectAsync(ArgsOrNull(s)!)),

            "accept" or "connect" or "staticConnect" or "disconnect" or "receive" or "receiveFrom" or "receiveMessageFrom"
                or "send" or "sendTo" or "sendPackets" => Start(s),
            "completed" => Completed(s),
            "quiet" => Quiet(s),
            "settle" => Settle(s),

            "write" => Write(s),
            "read" => Read(s),
            "writeTo" => WriteTo(s),
            "readFrom" => ReadFrom(s),
            _ => throw new ScenarioError($"no verb \"{s.Do}\""),
        };
        s.NothingElse();
        return saw;
    }

    static JsonNode? Setup(Action act)
    {
        act();
        return null;
    }

    static JsonNode Try(Action act, Action? then = null)
    {
        try
        {
            act();
        }
        catch (Exception x) when (x is not ScenarioError)
        {
            return Render.Threw(x);
        }
        then?.Invoke();
        return "ok";
    }

    static void Until(Func<bool> happened, string what)
    {
        for (var clock = Stopwatch.StartNew(); !happened(); Thread.Sleep(1))
            if (clock.ElapsedMilliseconds > Patience)
                throw new ScenarioError($"waited in vain for {what}");
    }
}
