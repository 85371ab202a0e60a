"""A typed client of `/api/entrepot/v1`.

    from entrepot.client.api import Client
    from entrepot.client.transport import Transport

    client = Client(Transport.at_url("https://registry.example.com", "ada", password))
    for project in client.projects.list_projects_all():
        print(project.name)

`made/` and `api` are made from the API's description by `python -m tools.client`. What is refused
is raised as `errors.Refused`. `Transport.at_socket` speaks to the server on this machine.
"""
