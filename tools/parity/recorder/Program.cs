using System.Text.Json.Nodes;
using Vectors;

// recorder [--in scenarios] [--out recorded] [--only text] [--runs 40] [--loaded 15] [--parallel 8]
//
// Runs every scenario of every file in --in against this machine's .NET and writes the same files, with what was seen, to --out.
// --only records just the scenarios whose id contains the text, and prints them; nothing is written.

Dictionary<string, string> options = [];
for (var i = 0; i < args.Length; i++)
    options[args[i]] = i + 1 < args.Length && !args[i + 1].StartsWith("--") ? args[++i] : "";

string[] known = ["--in", "--out", "--only", "--runs", "--loaded", "--parallel"];
foreach (var unknown in options.Keys.Except(known))
    Console.Error.WriteLine($"unknown option {unknown}");
if (options.Keys.Except(known).Any())
    return 1;

string Option(string name, string otherwise) => options.GetValueOrDefault(name, otherwise);

var input = Option("--in", "scenarios");
var output = Option("--out", "recorded");
var only = options.GetValueOrDefault("--only");

ThreadPool.SetMinThreads(64, 64);       // handlers of many scenarios at a time must not wait for threads

TaskScheduler.UnobservedTaskException += (_, e) => Console.Error.WriteLine($"unobserved: {e.Exception.GetBaseException().Message}");

var files = new List<(string Name, JsonObject File, List<Recording> Scenarios)>();
foreach (var path in Directory.GetFiles(input, "*.json").Order())
{
    var file = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
    var scenarios = file["scenarios"]!.AsArray().Select(s => s!.AsObject())
        .Where(s => only is null || ((string)s["id"]!).Contains(only))
        .Select(s => new Recording(s)).ToList();
    files.Add((Path.GetFileName(path), file, scenarios));
}

var all = files.SelectMany(f => f.Scenarios).ToList();
var mistakes = files.SelectMany(f => Recording.Mistakes(f.File)).Concat(all.GroupBy(r => r.Id).Where(g => g.Count() > 1).Select(g => $"{g.Key}: twice")).ToList();
foreach (var mistake in mistakes)
    Console.Error.WriteLine(mistake);
if (mistakes.Count > 0)
    return 1;

var errors = Recording.Record(all, int.Parse(Option("--runs", "40")), int.Parse(Option("--loaded", "15")), int.Parse(Option("--parallel", "8")));
foreach (var error in errors)
    Console.Error.WriteLine(error);
if (errors.Count > 0)
    return 1;

foreach (var (name, file, scenarios) in files)
{
    var recorded = new JsonObject
    {
        ["group"] = (string?)file["group"],
        ["recordedOn"] = $".NET {Environment.Version}, {(OperatingSystem.IsLinux() ? "Linux" : Environment.OSVersion.Platform)}",
        ["scenarios"] = new JsonArray([.. scenarios.Select(s => s.Recorded())]),
    };
    if (only is null)
    {
        Directory.CreateDirectory(output);
        File.WriteAllText(Path.Combine(output, name), Render.File(recorded));
    }
    else if (scenarios.Count > 0)
        Console.WriteLine(Render.File(recorded));
}
foreach (var varied in all.Where(r => r.HasVariation))
    Console.Error.WriteLine($"varies: {varied.Id}");
Console.Error.WriteLine($"{all.Count} scenarios, {all.Sum(r => r.Runs)} runs");
return 0;
