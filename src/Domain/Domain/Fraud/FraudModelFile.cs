using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud;

/// <summary>
/// A model as a JSON file. Property names are a storage format. The SHA-256 of the model's text is its name: a changed byte is found, and the same training
/// gives the same name.
/// </summary>
public static class FraudModelFile
{
    public const int Version = 2;

    private const string Format = "lambda-fraud-model";

    /// <param name="hash">64 hex digits.</param>
    public static byte[] Write(FraudModel model, out string hash)
    {
        var body = Json(json => WriteModel(json, model));
        var name = hash = Convert.ToHexStringLower(SHA256.HashData(body));
        return Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteNumber("version", Version);
            json.WriteString("hash", name);
            json.WritePropertyName("model");
            json.WriteRawValue(body);
            json.WriteEndObject();
        });
    }

    /// <param name="source">Named in errors.</param>
    /// <exception cref="FraudModelException">Not a model, of another version, changed since it was written, or of other features than these.</exception>
    public static FraudModel Read(ReadOnlyMemory<byte> file, string source, out string hash)
    {
        try
        {
            using var json = JsonDocument.Parse(file);
            var root = json.RootElement;
            if (root.GetProperty("format").GetString() != Format) throw new FraudModelException($"{source}: is no fraud model");
            if (root.GetProperty("version").GetInt32() is var version && version != Version) throw new FraudModelException($"{source}: version {version}, expected {Version}");
            hash = root.GetProperty("hash").GetString() ?? "";
            var body = root.GetProperty("model");
            var found = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body.GetRawText())));
            if (found != hash) throw new FraudModelException($"{source}: was changed since it was written: SHA-256 {found}, expected {hash}");
            return ReadModel(body, source);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or InvalidDataException or IndexOutOfRangeException or OverflowException)
        {
            throw new FraudModelException($"{source}: is no fraud model that can be used: {e.Message}");
        }
    }

    private static void WriteModel(Utf8JsonWriter json, FraudModel model)
    {
        json.WriteStartObject();
        json.WriteString("trained_from", DayText(model.TrainedFromDay));
        json.WriteString("cut", DayText(model.CutDay));
        json.WriteNumber("epoch", model.Epoch);
        json.WriteNumber("label_delay_days", model.LabelDelayDays);
        json.WriteNumber("seed", model.Seed);
        json.WriteNumber("rows", model.Rows);
        json.WriteNumber("frauds", model.Frauds);
        json.WriteStartObject("metrics");
        foreach (var (name, value) in model.Metrics.OrderBy(m => m.Key, StringComparer.Ordinal)) json.WriteNumber(name, value);
        json.WriteEndObject();
        json.WriteStartArray("features");
        foreach (var feature in FraudFeatures.All) json.WriteStringValue(feature.Name);
        json.WriteEndArray();
        WriteDistributions(json, model.Distributions);
        json.WriteNumber("base_score", model.Trees.BaseScore);
        WriteTrees(json, model.Trees);
        json.WriteEndObject();
    }

    /// <summary>A feature's is [[cuts], [shares]].</summary>
    private static void WriteDistributions(Utf8JsonWriter json, IReadOnlyList<FeatureDistribution> distributions)
    {
        json.WriteStartArray("distributions");
        foreach (var distribution in distributions)
        {
            json.WriteStartArray();
            json.WriteStartArray();
            foreach (var cut in distribution.Cuts) json.WriteNumberValue(cut);
            json.WriteEndArray();
            json.WriteStartArray();
            foreach (var share in distribution.Shares) json.WriteNumberValue(share);
            json.WriteEndArray();
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private static IReadOnlyList<FeatureDistribution> ReadDistributions(JsonElement body, string source)
    {
        FeatureDistribution[] all = [.. body.GetProperty("distributions").EnumerateArray()
            .Select(d => new FeatureDistribution([.. d[0].EnumerateArray().Select(c => c.GetSingle())], [.. d[1].EnumerateArray().Select(s => s.GetDouble())]))];
        return (all.Length == 0 || all.Length == FraudFeatures.Count) && all.All(d => d.Shares.Count == d.Cuts.Count + 1) ? all : throw new FraudModelException($"{source}: {all.Length} distributions do not fit {FraudFeatures.Count} features");
    }

    /// <summary>A node is [feature, threshold, left child within the tree, value].</summary>
    private static void WriteTrees(Utf8JsonWriter json, TreeModel trees)
    {
        json.WriteStartArray("trees");
        for (var t = 0; t < trees.Trees; t++)
        {
            var (root, end) = (trees.Roots[t], t + 1 < trees.Trees ? trees.Roots[t + 1] : trees.Nodes.Length);
            json.WriteStartArray();
            foreach (var node in trees.Nodes[root..end])
            {
                json.WriteStartArray();
                json.WriteNumberValue(node.Feature);
                json.WriteNumberValue(node.Threshold);
                json.WriteNumberValue(node.IsLeaf ? 0 : node.Left - root);
                json.WriteNumberValue(node.Value);
                json.WriteEndArray();
            }
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private static FraudModel ReadModel(JsonElement body, string source)
    {
        string?[] features = [.. body.GetProperty("features").EnumerateArray().Select(f => f.GetString())];
        if (!features.SequenceEqual(FraudFeatures.All.Select(f => f.Name))) throw new FraudModelException($"{source}: was trained on other features than this version computes");
        var (nodes, roots) = (new List<TreeNode>(), new List<int>());
        foreach (var tree in body.GetProperty("trees").EnumerateArray())
        {
            var root = nodes.Count;
            roots.Add(root);
            foreach (var node in tree.EnumerateArray())
            {
                var feature = node[0].GetInt32();
                nodes.Add(new TreeNode(feature, node[1].GetSingle(), feature < 0 ? 0 : checked(node[2].GetInt32() + root), node[3].GetSingle()));
            }
        }
        var trees = new TreeModel(body.GetProperty("base_score").GetSingle(), [.. nodes], [.. roots], FraudFeatures.Count);
        return new FraudModel(trees, Day(body, "trained_from"), Day(body, "cut"), body.GetProperty("label_delay_days").GetInt32(), body.GetProperty("seed").GetInt32(),
            body.GetProperty("rows").GetInt32(), body.GetProperty("frauds").GetInt32(), body.GetProperty("metrics").EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetDouble()))
        {
            Epoch = body.GetProperty("epoch").GetInt64(), Distributions = ReadDistributions(body, source),
        };
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes)) write(json);
        return bytes.WrittenSpan.ToArray();
    }

    private static string DayText(int day) => DateOnly.FromDayNumber(EpochDay + day).ToString("O");

    private static int Day(JsonElement body, string name) => DateOnly.ParseExact(body.GetProperty(name).GetString() ?? "", "O").DayNumber - EpochDay;

    private static readonly int EpochDay = new DateOnly(1970, 1, 1).DayNumber;
}
