package server;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.interceptor.api.IInterceptorService;
import ca.uhn.fhir.jpa.api.dao.DaoRegistry;
import ca.uhn.fhir.jpa.dao.tx.IHapiTransactionService;
import ca.uhn.fhir.jpa.packages.IPackageInstallerSvc;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.searchparam.MatchUrlService;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * HAPI's JPA server at {@code http://127.0.0.1:PORT/fhir}, with the aid office of {@link Office} behind it.
 *
 * <p>Arguments: {@code --port N} (0: any), {@code --person NUMBER} (an insurance number that the office knows; as often
 * as wanted). Standard output holds one line, {@code ready http://127.0.0.1:PORT}; it stops when it is told to.
 */
public final class Main {

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext(Store.class);
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(Integer.parseInt(named("--port", arguments).iterator().next()));
    server.addConnector(connector);
    ServletContextHandler handler = new ServletContextHandler("/");
    ServletHolder holder = new ServletHolder(served(beans, named("--person", arguments)));
    holder.setInitOrder(0);
    handler.addServlet(holder, "/fhir/*");
    server.setHandler(handler);
    server.start();
    System.out.println("ready http://127.0.0.1:" + connector.getLocalPort());
    System.out.flush();
    server.join();
  }

  /** Everything that the JPA server offers for R4, and the office. */
  private static RestfulServer served(AnnotationConfigApplicationContext beans, Set<String> persons) {
    RestfulServer server = new RestfulServer(beans.getBean(FhirContext.class));
    server.registerProviders(beans.getBean(ResourceProviderFactory.class).createProviders());
    server.registerProvider(beans.getBean(JpaSystemProvider.class));
    DatabaseBackedPagingProvider pages = beans.getBean(DatabaseBackedPagingProvider.class);
    pages.setDefaultPageSize(5);
    pages.setMaximumPageSize(5000);
    server.setPagingProvider(pages);
    Office office = new Office(
        beans.getBean(DaoRegistry.class),
        beans.getBean(MatchUrlService.class),
        beans.getBean(IHapiTransactionService.class),
        persons);
    server.registerProvider(new OfficeProvider(office));
    server.registerProvider(new PackageProvider(beans.getBean(IPackageInstallerSvc.class)));
    beans.getBean(IInterceptorService.class).registerInterceptor(office);
    return server;
  }

  private static Set<String> named(String option, String[] arguments) {
    Set<String> found = new LinkedHashSet<>();
    List<String> given = List.of(arguments);
    for (int index = 0; index + 1 < given.size(); index++) {
      if (given.get(index).equals(option)) {
        found.add(given.get(index + 1));
      }
    }
    return found;
  }
}
