namespace TestsSockeyeParity;
public class T { [Fact] public void A() { } }
