namespace Sockeye;

/// <summary>Every kind of endpoint string, and what each takes.</summary>
public static class SocketUriSchemes
{
    /// <summary>In the order of their families in the table, and those of sockets that are open already.</summary>
    internal static SocketUriScheme[] All { get; } = [.. Families.FamilyTable.Schemes, DescriptorScheme.Instance, InheritedScheme.Instance];

    extension(SocketUriScheme scheme)
    {
        /// <summary>The names of the options that it takes, sorted.</summary>
        public IReadOnlyList<string> Options => [.. SocketUriOption.All.Where(option => option.AppliesTo(scheme)).Select(option => option.Name)];
    }
}
