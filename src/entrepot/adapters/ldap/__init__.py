"""People of an LDAP directory or Active Directory.

Imported only where one is configured: ldap3 costs start-up time and memory.
"""

from .directory import LdapDirectory

__all__ = ["LdapDirectory"]
