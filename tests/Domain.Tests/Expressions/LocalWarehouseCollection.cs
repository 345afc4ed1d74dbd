using Lambda.TestKit;
using Xunit;

namespace Lambda.Domain.Tests.Expressions;

[CollectionDefinition(Name)]
public sealed class LocalWarehouseCollection : ICollectionFixture<LocalWarehouseFixture>
{
    public const string Name = "local warehouse";
}

/// <summary>How many random rounds a comparison runs: LAMBDA_ROUNDS, else a few for every day.</summary>
internal static class Rounds
{
    public static int Count { get; } = int.TryParse(Environment.GetEnvironmentVariable("LAMBDA_ROUNDS"), out var count) ? count : 6;

    public static int FirstSeed { get; } = int.TryParse(Environment.GetEnvironmentVariable("LAMBDA_SEED"), out var seed) ? seed : 0;
}
