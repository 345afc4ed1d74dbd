using Lambda.TestKit;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

/// <summary>Tests that share one local warehouse. Others make a collection of their own in the same way.</summary>
[CollectionDefinition(Name)]
public sealed class LocalWarehouseCollection : ICollectionFixture<LocalWarehouseFixture>
{
    public const string Name = "local warehouse";
}
