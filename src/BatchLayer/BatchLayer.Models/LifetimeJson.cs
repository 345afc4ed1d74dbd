using System.Text.Json.Serialization;
using Lambda.Domain.Lifetime;

namespace Lambda.BatchLayer.Models;

/// <summary>A storage format: names are added, never renamed.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LifetimeModel))]
[JsonSerializable(typeof(LifetimeFailure))]
internal sealed partial class LifetimeJson : JsonSerializerContext;
