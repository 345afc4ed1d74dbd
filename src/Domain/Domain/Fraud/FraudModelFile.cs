using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Lambda.Domain.Fraud;

/// <summary>A model as JSON: `{"format", "hash", "model"}`, where the hash is the SHA-256 of the model's text. Names are a storage format.</summary>
public static class FraudModelFile
{
    private const string Format = "lambda-fraud-model/1";

    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true };

    public static byte[] Write(FraudModel model)
    {
        var nodes = model.Nodes;
        var body = JsonSerializer.SerializeToUtf8Bytes(new Body(
            model.Info, model.Prior, [.. model.Roots], [.. nodes.Select(n => n.Feature)], [.. nodes.Select(n => n.Threshold)], [.. nodes.Select(n => n.Left)], [.. nodes.Select(n => n.Value)]), Options);
        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["format"] = Format, ["hash"] = HashOf(body), ["model"] = JsonNode.Parse(body) });
    }

    /// <param name="expectedFeatures">What this program computes: a model of other features, or in another order, is refused.</param>
    /// <exception cref="FraudModelException">Not such a file, damaged, or of another list of features.</exception>
    public static FraudModel Read(ReadOnlySpan<byte> json, IReadOnlyList<string> expectedFeatures)
    {
        try
        {
            var body = BodyOf(json);
            var file = JsonSerializer.Deserialize<Body>(body, Options) ?? throw new FraudModelException("model: found null");
            CheckFeatures(file.Info.Features, expectedFeatures);
            return new FraudModel(file.Info, file.Prior, NodesOf(file), file.Roots);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new FraudModelException($"not a fraud model: {e.Message}");
        }
    }

    private static byte[] BodyOf(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var root = JsonNode.Parse(ref reader) as JsonObject ?? throw new FraudModelException("not a fraud model: expected an object");
        if (reader.BytesConsumed < json.Length) throw new FraudModelException("not a fraud model: something stands behind it");
        var format = root["format"]?.GetValue<string>();
        if (format != Format) throw new FraudModelException($"format: found `{format}`, expected `{Format}`");
        var body = JsonSerializer.SerializeToUtf8Bytes(root["model"]);
        var hash = root["hash"]?.GetValue<string>();
        return HashOf(body) == hash ? body : throw new FraudModelException($"hash: found {hash}, but its content has {HashOf(body)}: the file is damaged");
    }

    private static void CheckFeatures(IReadOnlyList<string> found, IReadOnlyList<string> expected)
    {
        if (found.SequenceEqual(expected)) return;
        var at = Enumerable.Range(0, Math.Max(found.Count, expected.Count)).First(i => found.ElementAtOrDefault(i) != expected.ElementAtOrDefault(i));
        throw new FraudModelException($"feature {at}: found `{found.ElementAtOrDefault(at)}`, expected `{expected.ElementAtOrDefault(at)}`: it was trained on other features");
    }

    private static FraudNode[] NodesOf(Body file)
    {
        var n = file.Feature.Length;
        if (file.Threshold.Length != n || file.Left.Length != n || file.Value.Length != n) throw new FraudModelException($"nodes: {n} features, {file.Threshold.Length} thresholds, {file.Left.Length} children, {file.Value.Length} values; expected as many of each");
        return [.. Enumerable.Range(0, n).Select(i => new FraudNode(file.Feature[i], file.Threshold[i], file.Left[i], file.Value[i]))];
    }

    private static string HashOf(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body));

    private sealed record Body(FraudModelInfo Info, double Prior, int[] Roots, int[] Feature, float[] Threshold, int[] Left, double[] Value);
}
